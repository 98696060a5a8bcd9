"""Files: whole or absent, checked, and what they were made by."""
