"""From a broadcast to what the API tells of its channel."""

import time
from datetime import UTC, datetime, timedelta

from vitrine.media import aac, h264
from vitrine.media.track import Rendition, VideoTrack
from vitrine.origin.status import ChannelState, Connection, Health, RenditionState
from vitrine.server.config import Channel
from vitrine.server.pipeline import Broadcast
from vitrine.server.session import Session


def channel_state(
    name: str, settings: Channel, broadcast: Broadcast | None, rehearsal_at: str | None = None
) -> ChannelState:
    """`rehearsal_at` is the name in the addresses of a rehearsal."""
    title, playlist = settings.title or name, f"/hls/{rehearsal_at or name}/index.m3u8"
    rehearsal = rehearsal_at is not None
    protected = settings.playback_secret is not None and not rehearsal
    if broadcast is None:
        return ChannelState(
            channel=name, title=title, state="idle", rehearsal=rehearsal, protected=protected, playlist=playlist
        )
    renditions = () if broadcast.stream is None else broadcast.stream.packager.renditions
    return ChannelState(
        channel=name,
        title=title,
        state=broadcast.state,
        rehearsal=rehearsal,
        protected=protected,
        reason=broadcast.reason,
        broadcast=broadcast.id,
        started=None if broadcast.started is None else broadcast.started.isoformat(timespec="milliseconds"),
        awaited_until=_awaited_until(broadcast),
        lost=not broadcast.over and broadcast.absence is not None and not broadcast.absence.stopped,
        playlist=playlist,
        renditions=tuple(_rendition_state(rendition) for rendition in renditions),
        health=_health(broadcast),
    )


def _awaited_until(broadcast: Broadcast) -> str | None:
    if broadcast.over or broadcast.absence is None:
        return None
    left = timedelta(seconds=broadcast.absence.until - time.monotonic())
    return (datetime.now(UTC) + left).isoformat(timespec="seconds")


def _rendition_state(rendition: Rendition) -> RenditionState:
    track, kbps = rendition.track, rendition.bitrate // 1000
    if not isinstance(track, VideoTrack):
        return RenditionState(name=rendition.name, codecs=aac.codec_string(track.config), kbps=kbps)
    return RenditionState(
        name=rendition.name,
        codecs=h264.codec_string(track.config),
        kbps=kbps,
        width=track.width,
        height=track.height,
        rate=None if track.rate is None else round(float(track.rate), 3),
    )


def _health(broadcast: Broadcast) -> Health:
    stats, session = broadcast.vitals.stats, broadcast.session
    return Health(
        publisher=None if session is None else session.request.protocol,
        on_air=broadcast.inputs.on_air_role,
        standby=broadcast.inputs.standby_role,
        encoder=None if session is None else session.encoder or None,
        ingest_kbps=broadcast.vitals.ingest_kbps,
        frames_in=stats.frames_in,
        frames_out=stats.frames_out,
        frames_repeated=stats.repeated,
        frames_dropped=stats.dropped,
        frames_skipped=stats.skipped,
        units_dropped=stats.lost + (0 if session is None else session.dropped),
        decoder_errors=stats.undecodable,
        encode_lag_ms=round(stats.lag * 1000),
        shed=broadcast.overload.steps,
        times_shed=broadcast.overload.times,
        transcoders_died=broadcast.transcoder.died,
        keyframe_ms=None if session is None else session.keyframe_ms,
        dvr=None if broadcast.output.files is None else broadcast.output.files.trouble,
        connection=None if session is None else _connection(session),
        troubles=broadcast.troubles,
    )


def _connection(session: Session) -> Connection | None:
    measured = session.measured
    if measured is None:
        return None
    return Connection(
        packets=measured.packets,
        lost=measured.lost,
        repaired=measured.repaired,
        loss_percent=round(100 * session.loss, 2),
        jitter_ms=round(1000 * measured.jitter, 1),
        round_trip_ms=None if measured.round_trip is None else round(1000 * measured.round_trip, 1),
        keyframes_requested=measured.keyframes_requested,
    )
