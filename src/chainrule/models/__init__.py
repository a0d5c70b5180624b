"""What you fit: networks as scikit-learn estimators."""
