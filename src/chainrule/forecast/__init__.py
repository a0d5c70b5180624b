"""Forecasting: what a network says of the steps to come, in the values' own unit, beside what needs no network at all."""

from chainrule.forecast.ahead import Forecast, forecast_table
from chainrule.forecast.naive import naive, seasonal_naive
from chainrule.forecast.scores import Scored, scores

__all__ = ["Forecast", "Scored", "forecast_table", "naive", "scores", "seasonal_naive"]
