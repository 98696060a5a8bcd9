"""The statements of the two abstracts, judged from result files by criteria fixed beforehand."""
