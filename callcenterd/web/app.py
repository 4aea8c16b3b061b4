"""The aiohttp application: its middlewares, and the routes of every file of this room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from callcenterd.web import (
    administration,
    agents,
    answers,
    appointment_services,
    appointments,
    appraisal_plans,
    appraisal_results,
    appraisal_templates,
    appraisals,
    attachments,
    audit,
    bans,
    calendars,
    calibrations,
    callcontrol,
    calls,
    campaign_lists,
    campaign_previews,
    campaigns,
    cards,
    complaint_prints,
    complaints,
    conferences,
    consultations,
    customer_messages,
    customers,
    describe,
    devices,
    dictionaries,
    displays,
    dispositions,
    do_not_call,
    doubles,
    duties,
    duty_kinds,
    evidence,
    fields,
    flow_examples,
    flows,
    follow_up_prints,
    follow_up_rules,
    follow_up_statistics,
    follow_ups,
    forwarding,
    headers,
    health,
    help_requests,
    imports,
    letters,
    listening,
    livestate,
    masking,
    messages,
    monitoring,
    once,
    pagephone,
    parking,
    phonebook,
    phones,
    places,
    prompts,
    proposal_templates,
    proposals,
    queries,
    queues,
    recording_batches,
    recording_links,
    recording_list,
    recordings,
    roles,
    seats,
    second_factor,
    seeking,
    session,
    setup,
    shell,
    signing,
    sipsocket,
    socket,
    staff,
    states,
    surveys,
    system_health,
    system_licences,
    system_log,
    system_storage,
    thresholds,
    timeline,
    trail,
    ways,
    workflows,
)
from callcenterd.web.live import LiveEvents
from callcenterd.web.office import (
    MODULES,
    OFFICE,
    PACE,
    PAGE,
    CertificateNow,
    FlowsNow,
    Office,
    Pace,
    PhoneNow,
    PhoneSeen,
    Premises,
    Ticks,
    TrunkNow,
    Ways,
)

__all__ = [
    "PAGE",
    "CertificateNow",
    "FlowsNow",
    "Premises",
    "Office",
    "Pace",
    "PhoneNow",
    "PhoneSeen",
    "Ticks",
    "TrunkNow",
    "Ways",
    "build",
]

RESOURCES = (
    signing,
    agents,
    states,
    pagephone,
    livestate,
    socket,
    calls,
    callcontrol,
    monitoring,
    conferences,
    parking,
    recording_list,
    recording_batches,
    recording_links,
    phonebook,
    recordings,
    customers,
    places,
    attachments,
    imports,
    timeline,
    doubles,
    dictionaries,
    cards,
    do_not_call,
    campaign_previews,
    campaigns,
    campaign_lists,
    messages,
    complaints,
    complaint_prints,
    workflows,
    consultations,
    appraisal_results,
    appraisals,
    appraisal_templates,
    appraisal_plans,
    calibrations,
    proposals,
    proposal_templates,
    follow_ups,
    follow_up_prints,
    appointment_services,
    appointments,
    follow_up_rules,
    follow_up_statistics,
    customer_messages,
    staff,
    help_requests,
    duties,
    duty_kinds,
    evidence,
    fields,
    queries,
    queues,
    thresholds,
    displays,
    letters,
    administration,
    setup,
    roles,
    second_factor,
    audit,
    calendars,
    phones,
    seats,
    devices,
    dispositions,
    surveys,
    forwarding,
    bans,
    flows,
    flow_examples,
    prompts,
    system_health,
    system_storage,
    system_log,
    system_licences,
    describe,
    health,
    sipsocket,
    listening,
    shell,
)
"""In the order in which the API's description lists them; the pages last, since they take every address left."""


def build(office: Office, *, pages: Path = shell.STATIC, pace: Pace | None = None) -> web.Application:
    """The application. `door.Door(build(office), host, port)` serves it with deadlines and caps.

    pages: the folder of the built Vue application. pace: how long others are waited for.
    Raises RuntimeError if a route under /api/ has no right.
    """
    app = web.Application(
        middlewares=[
            health.counted,
            ways.right_way,
            shell.page_faults,
            answers.hidden,
            answers.faults,
            session.identify,
        ],
        client_max_size=answers.MOST_OCTETS,
    )
    app[OFFICE] = office
    app[MODULES] = office.modules
    app[session.SESSIONS] = session.Sessions(office)
    app[socket.STREAMS] = socket.Streams(
        LiveEvents(office.board, office.bus, office.modules.help.up), app[session.SESSIONS]
    )
    app[administration.SITE_LOCK] = asyncio.Lock()
    app[once.PLACES] = once.Places()
    app[masking.MASKS] = masking.Masks()
    app[seeking.SEEKING] = seeking.Seeking()
    app[trail.LOOKS] = trail.Looks()
    app[bans.HEARD] = bans.Alarms(office)
    app[devices.GUESSES] = devices.guesses()
    app[listening.TRIES] = listening.tries()
    app[health.WATCH] = health.Watch(office)
    app[health.METRICS] = health.Metrics(app)
    app[system_storage.STORAGE] = system_storage.Storage(office)
    app[system_licences.LICENCES] = system_licences.Licences(pages)
    app[describe.DESCRIPTION] = describe.Description(app)
    app[shell.PAGES] = pages
    app[displays.BUILD] = displays.Build(pages)
    app[PACE] = pace or Pace()
    add_resources(app)
    for route in describe.routes_of(app):
        if not route.right:
            raise RuntimeError(f"{route.method} {route.path} has no right")
    app.on_response_prepare.append(headers.add_headers)
    app.cleanup_ctx.append(health.watching)
    app.cleanup_ctx.append(_streams)
    app.cleanup_ctx.append(bans.hearing)
    app.on_shutdown.append(_end_streams)
    return app


def add_resources(app: web.Application) -> None:
    for resource in RESOURCES:
        app.add_routes(resource.routes)


async def _streams(app: web.Application) -> AsyncIterator[None]:
    yield
    app[socket.STREAMS].live.stop()


async def _end_streams(app: web.Application) -> None:
    await app[socket.STREAMS].stop()
