"""`docs/macnet/` and `docs/errors.md`, made from the code's tables; `python -m reference` writes them anew."""
