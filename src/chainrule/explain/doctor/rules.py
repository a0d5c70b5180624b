"""The rules that the doctor comes with, in the order in which they are asked: what clouds the signs of others comes first."""

from chainrule.explain.doctor.data import loss_does_not_fit, rare_class, rows_in_two_parts, telltale_column
from chainrule.explain.doctor.finding import rule
from chainrule.explain.doctor.fit import learns_nothing, no_signal, overfits, too_small
from chainrule.explain.doctor.regularisation import dropout_too_high, penalty_too_high
from chainrule.explain.doctor.steps import batch_too_large, exploded, rate_too_high, rate_too_low, too_few_epochs
from chainrule.explain.doctor.wiring import (
    dead_units,
    inputs_not_scaled,
    saturated_units,
    starts_badly,
    symmetric,
    vanishing,
)

for _each in (
    exploded,
    rows_in_two_parts,
    telltale_column,
    symmetric,
    rate_too_high,
    vanishing,
    penalty_too_high,
    dropout_too_high,
    batch_too_large,
    too_few_epochs,
    rate_too_low,
    dead_units,
    inputs_not_scaled,
    starts_badly,
    saturated_units,
    loss_does_not_fit,
    rare_class,
    overfits,
    too_small,
    no_signal,
    learns_nothing,
):
    rule(_each)
