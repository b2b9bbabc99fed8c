"""What a run may cost: given with the call, allowed at the start, or asked of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from wiro_runtime.errors import ConfigurationError, InvalidInputs, PriceExceeded
from wiro_runtime.inputs.arguments import read_dollars

if TYPE_CHECKING:
    from decimal import Decimal

    from mcp.server.mcpserver import Context

    from wiro_runtime.mcp.workspace import Workspace
    from wiro_runtime.price import Price


class Approval(BaseModel):
    """What the user is asked."""

    run: bool = Field(default=False, title="Run it", description="Run it and let Wiro bill it.")


def question(space: Workspace, tool: str, price: Price, max_cost: float | None) -> str | None:
    """The question that the user must answer before this run, ``None`` when there is none.

    A price that fits the given ceiling, or the budget, asks for nothing. One above the given
    ceiling is refused without a question: the caller has been told a limit.
    """
    ceiling = space.budget if max_cost is None else read_ceiling(max_cost)
    if not price.known:
        return None if space.allow_unknown else f"The price of {tool} is {price}. Run it?"
    if ceiling is None:
        return f"A run of {tool} costs {price} ({price.basis}). Run it?"
    return None


def read_ceiling(max_cost: float | None) -> Decimal | None:
    """The dollars that a run may cost, exact. Raises :class:`InvalidInputs`."""
    if max_cost is None:
        return None
    try:
        return read_dollars("max_cost", str(max_cost))
    except ConfigurationError as error:
        # The caller's to correct, and not the user's.
        raise InvalidInputs(str(error), problems={"max_cost": str(error)}) from None


def can_ask(context: Context[Any, Any]) -> bool:
    """Whether the client shows questions to its user."""
    capabilities = context.client_capabilities
    return capabilities is not None and capabilities.elicitation is not None


def refusal(tool: str, price: Price) -> PriceExceeded:
    """The error for a run that needs the user's word, where the client cannot ask."""
    needed = "give max_cost" if price.known else "only the user can allow that, at the start"
    return PriceExceeded(f"{tool}: the price is {price} ({price.basis}): {needed}", price=price)
