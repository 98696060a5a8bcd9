"""Files: whole or absent, and what they were made by."""
