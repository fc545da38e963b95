"""Where vendors are: each module here gives one of them the shape of a stage's port."""
