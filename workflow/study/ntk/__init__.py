"""The second paper's experiments: networks of finite width beside their kernels."""
