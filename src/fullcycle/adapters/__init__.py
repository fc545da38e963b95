"""One module per technology: the only place where vendors are imported."""
