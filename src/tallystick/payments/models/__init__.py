"""The nouns of this room."""

from __future__ import annotations

from tallystick.payments.models.asking import (
    WAITING_STATES,
    ChargeDay,
    ChargeRules,
    PaymentRequest,
    RequestedInvoice,
    ScheduledCharge,
)
from tallystick.payments.models.attempt import LIVE_STATES, AttemptInvoice, ChargeAttempt
from tallystick.payments.models.gateway import GatewayAccount
from tallystick.payments.models.giving_back import Dispute, Refund
from tallystick.payments.models.method import AutoPay, PaymentMethod
from tallystick.payments.models.payment import Allocation, Payment, WriteOff
from tallystick.payments.models.settlement import Break, Payout, SettlementLine

__all__ = [
    "LIVE_STATES",
    "WAITING_STATES",
    "Allocation",
    "AttemptInvoice",
    "AutoPay",
    "Break",
    "ChargeAttempt",
    "ChargeDay",
    "ChargeRules",
    "Dispute",
    "GatewayAccount",
    "Payment",
    "PaymentMethod",
    "PaymentRequest",
    "Payout",
    "Refund",
    "RequestedInvoice",
    "ScheduledCharge",
    "SettlementLine",
    "WriteOff",
]
