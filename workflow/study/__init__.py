"""The code of studies, which the workflow runs: from recordings to the page of answers."""
