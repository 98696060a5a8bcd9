"""What all tests share."""

import torch

# Small tensors gain nothing from threads, and two test runs side by side would fight for cores.
torch.set_num_threads(1)
