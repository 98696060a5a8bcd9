"""What is written below figures and tables in the report and on studies' pages, by their names."""

CAPTIONS = {
    "data": (
        "The prepared data. Above: the spikes of the first training samples of two words by two "
        "speakers. Below: spikes of a sample, spikes in each channel, and spikes in bins of 10 "
        "ms, for each split; the test set is divided by whether its speakers occur in training "
        "or validation. SHD itself has 8,156 training and 2,264 test samples of 20 classes in "
        "700 channels (Cramer et al. 2020, IEEE Transactions on Neural Networks and Learning "
        "Systems 33, 2744); *spoken-digits* are the same words, spoken by a synthesiser."
    ),
    "shd_comparison": (
        "The Heidelberg Digits as this study hears them, beside what is published of SHD, which "
        "was made of the same recordings (Cramer et al. 2020). a: spikes per second until the "
        "last spike, mean and standard deviation over each speaker's training samples; SHD's "
        "are read off figures, within 0.1 kHz. b to d: spikes of a training sample, channels "
        "that spike in one of an English word, and time of any sample's last spike, beside the "
        "durations of the recordings."
    ),
    "search_same_settings": (
        "Settings that the searches of all neuron models begin with, trained with the same "
        "seeds, and their validation accuracies after the first rung, or after the last whole "
        "epoch of a trial that failed before. Crosses failed then or later, lines are medians "
        "of parts of the settings, and above the dotted scale LIF rates have no finite "
        "mean-field solution. Below, what other models have more than the first: mean over the "
        "settings of each search (dots), and the mean with its 95 % t interval over searches."
    ),
    "search_stability": (
        "How many of each search's trials diverged (overflow, not finite, silent), how many hit "
        "a limit of the machine (time, memory), and the share of the presentations of training "
        "samples that was spent on these. Where the budget is not spent, search.generations "
        "ended first."
    ),
    "search_rungs": (
        "Spearman's rank correlation of the validation accuracies after a rung and after the "
        "next, over the trials of a search that passed both. The one after the last is the "
        "finalists' training on the inner folds, with fresh seeds."
    ),
    "search_winners": (
        "Where each search's winner lies: its values, and their position between the bounds (0 "
        "to 1, in the scale that is searched). At a bound: within 5 % of an end beyond which "
        "the search could go on."
    ),
    "learning_curves": (
        "Training of the final networks: every seed (thin lines) and their mean. Loss and "
        "accuracy are means over an epoch's batches; epoch 0, which has none, is before "
        "training. Spikes are those of some training samples after the epoch."
    ),
    "confusion": (
        "How the test samples of each class were classified by the best networks by validation, "
        "all seeds together; each row adds up to one."
    ),
    "rasters": (
        "Input spikes of one test sample and the spikes it causes in a trained network of each "
        "neuron model, hidden neurons sorted by their mean spike time."
    ),
    "runaway": (
        "Why networks diverge: rates of single neurons at constant current, and of random "
        "recurrent networks on Poisson input (points: simulations, lines: theory); LIF networks "
        "have no finite rate above the dotted line. Circles are trials of the searches that "
        "finished, crosses those that ran away before the first epoch was over. Where the gain "
        "of LIF's trained recurrent weights is above 1 activity grows by itself; black runs "
        "diverged."
    ),
    "training_summary": (
        "Mean of each measure on the test set, over the seeds of each search and then over "
        "searches, with its 95 % t interval over searches. Unseen speakers are those of neither "
        "the training nor the validation data."
    ),
    "variants": (
        "Networks that are trained with something changed, one point a run. A cross is a run "
        "that diverged, with the weights of its last whole epoch, or with accuracy 0 if it has "
        "no answer. Dotted lines are the means of the study's own networks."
    ),
    "landscape_closeups": (
        "Loss and length of the gradient on small planes around the trained networks of one "
        "seed: of single samples and of the mean of several, at several reaches. Losses have a "
        "scale for each panel."
    ),
    "landscape_states": (
        "The networks that landscapes are looked at around, with loss (nats), accuracy and "
        "activity (spikes per neuron and sample) on the landscape's training samples. At equal "
        "loss: the snapshot of training at which all neuron models have about the same training "
        "loss. At equal activity: trained with a regulariser towards the same number of spikes "
        "for all neuron models."
    ),
    "landscape_census": (
        "What the census says of each network; docs/landscapes.md explains the columns."
    ),
    "ntk_cases": (
        "Random data sets on which surrogate gradient learning of infinitely wide sign networks "
        "is unstable: the SG-NTK among the training points has an eigenvalue with negative real "
        "part. Beside their share, the most negative real part that a search found, over the "
        "kernel's norm."
    ),
    "ntk_comparison": (
        "How far the mean of trained sign networks is from the prediction of three kernels, "
        "root mean square over test angles. Top: from kernel regression, against width. Bottom: "
        "from gradient flow after the same time, during training; what a finite number of "
        "networks adds by chance is subtracted from the squared distance, down to zero."
    ),
    "ntk_ensemble": (
        "Left: trained sign networks, their mean, and SG-NTK regression with two standard "
        "deviations (arXiv 2405.15539, figure 3a). Middle: means for each width (figure 3b). "
        "Right: the widest networks' mean with its 95 % interval, and the gradient flows of the "
        "two-sided and NNGP kernels after the same number of steps, all as differences from the "
        "SG-NTK's flow."
    ),
    "ntk_kernel": (
        "Finite networks' kernels against width: their mean squared error before (dotted) and "
        "after training, or their change during training relative to the kernel at the start. "
        "Bars: standard error over networks. Legends: fitted powers of the width."
    ),
    "ntk_kernels": (
        "Kernels of finite networks between the point at angle 0 and all others, before and "
        "after training, for slopes m (rows) and widths n (columns), with the analytic kernel "
        "in black (arXiv 2405.15539, figures 1 and 2). Right: the analytic kernels and their "
        "limit. SG-NTK axes follow the analytic kernel: curves of the narrowest networks may "
        "leave the panels."
    ),
    "ntk_off_circle": (
        "Inputs of unequal norm, where the SG-NTK is asymmetric. Left: the mean kernel of "
        "finite networks has the analytic kernel's asymmetry, and not its opposite. Right: how "
        "far the mean of trained sign networks is from the gradient flow with the SG-NTK, with "
        "its transpose, with its symmetric part, and with other kernels."
    ),
    "ntk_stability": (
        "Networks of growing width (means, 95 % intervals), trained on the least stable data "
        "that were found for two layers and the surrogate named there. The SG-NTK among these "
        "has an eigenvalue with negative real part. They move away from the targets along the "
        "unstable direction, the wider the longer."
    ),
    "paper_landscapes": (
        "Landscapes of LIF and QIF networks (arXiv 2606.03935). Above: loss, and directions of "
        "descent, on a plane through a trained network of each model. Below: loss along a line, "
        "one for each seed; minima on lines, by depth; turn of the gradient along updates of "
        "training, on each update's own batch; change of the loss by an update against what the "
        "gradient predicts."
    ),
    "paper_performance": (
        "LIF and QIF networks (arXiv 2606.03935): validation accuracy of the searches' trials, "
        "training accuracy of the final networks, and their share of hidden neurons that spike in "
        "none of some fixed training samples. Test accuracy is that of each seed, or of each "
        "speaker of a fold (dots), with means. What other models have more than the first is a "
        "mean over folds, speakers counted alike; bars are 95 % t intervals."
    ),
    "paper_samples": (
        "Where the loss of a single sample jumps (arXiv 2606.03935). a, b: the sample whose LIF "
        "loss jumps most often along a line, and the same in QIF networks; c: spikes just left "
        "and right of the largest jump; d: jumps by relative distance, a dot for each seed; e: "
        "share of all samples' summed variation that lies in jumps, by cause, or where QIF "
        "spikes linger: continuous, but too steep for double precision. f: further spikes that "
        "appear, vanish or move by more than 1 ms between points 1e-6 to both sides of a "
        "change; a QIF spike does so at the end of the sample, or where it lingers, never by a "
        "jump."
    ),
    "paper_sg_ntk": (
        "The surrogate-gradient NTK (arXiv 2405.15539). a, b: as the activation erf(m u) "
        "becomes a sign function the NTK has no limit, the SG-NTK has one; c: the wider the "
        "network, the less the kernel changes during training. d: trained sign networks beside "
        "regression with the SG-NTK; e, f: distance of their mean from the predictions of three "
        "kernels after the same time, against width and during training."
    ),
    "paper_surfaces": (
        "Loss surfaces of LIF and QIF networks on the same scale: turn them with the mouse, "
        "choose the plane from the menu, read coordinates and loss at the pointer."
    ),
}
