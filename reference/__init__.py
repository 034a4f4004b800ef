"""`docs/macnet/` and `docs/errors.md`, from the code's tables; `python -m reference` writes them anew."""
