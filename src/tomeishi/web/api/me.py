"""`/v1/me`: whoever asks, and what they may do."""

from typing import Annotated, Any

from fastapi import APIRouter

from tomeishi.access.permissions import Action
from tomeishi.web.asking import Asked, permits

router = APIRouter(prefix="/v1", tags=["me"])


@router.get("/me")
def me(asked: Annotated[Asked, permits(Action.READ_SELF)]) -> dict[str, Any]:
    """Name, organisation, roles or scopes, and the actions that are open."""
    mine = asked.principal
    return {
        "id": mine.id,
        "name": mine.name,
        "organisation": {"id": mine.organisation.id, "kind": mine.organisation.kind, "name": mine.organisation.name},
        "roles": sorted(mine.roles),
        "scopes": sorted(mine.scopes),
        "language": mine.language,
        "actions": {action.value: sorted(mine.reach(action)) for action in Action if mine.reach(action)},
    }
