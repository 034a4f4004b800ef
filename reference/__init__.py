"""The pages of `docs/macnet/`, made from the function table: `python -m reference` writes them anew."""
