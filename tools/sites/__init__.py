"""Ask for a witness at every gradient call of real code: `python -m tools.sites FOLDER...`."""
