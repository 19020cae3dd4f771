"""What flows between the folders, and time. Pure; imports nothing of ours."""
