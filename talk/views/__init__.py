"""Pages of Talk: everybody reads what is theirs to read, people with an account write. One module per kind of page."""
