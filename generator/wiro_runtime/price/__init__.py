"""Prices: what a run will cost, by the price list of its tool."""

from wiro_runtime.price.model import METHODS, MOST, Dollars, Price, dollars, plain, unknown
from wiro_runtime.price.tariff import Tariff

__all__ = ["METHODS", "MOST", "Dollars", "Price", "Tariff", "dollars", "plain", "unknown"]
