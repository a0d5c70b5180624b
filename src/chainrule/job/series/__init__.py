"""Forecasting as a run: from settings to windows of series, what a run came to, and the forecasts of its model."""
