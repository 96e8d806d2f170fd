"""All pages, for the application to take in."""

from tomeishi.web.pages import (
    consents,
    imports,
    insights,
    matches,
    media,
    preferences,
    review,
    screenings,
    second_factor,
    settings,
    today,
    verify,
    works,
)

PAGES = (
    preferences.router,
    verify.router,
    today.router,
    works.router,
    imports.router,  # before one work: its address looks like a work's
    consents.router,
    screenings.router,
    matches.router,
    review.router,
    media.router,
    insights.router,
    settings.router,
    second_factor.router,
)
