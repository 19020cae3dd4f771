"""What Prometheus is told, made anew for each question from what the server knows; docs/operations.md has the list.

Rehearsals are not in it: viewers may learn nothing of them, and dashboards are shown around.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vitrine import __version__
from vitrine.origin.status import ChannelState, Health

STATES = ("idle", "starting", "live", "ended", "failed")

GAUGES: dict[str, tuple[str, Callable[[Health], float | None]]] = {
    "ingest_kilobits": ("Media of the publisher in the last second or so, kbit/s.", lambda each: each.ingest_kbps),
    "encode_lag_seconds": (
        "For how long the oldest picture that is not encoded yet has been there.",
        lambda each: each.encode_lag_ms / 1000,
    ),
    "keyframe_interval_seconds": (
        "Between the publisher's last two keyframes.",
        lambda each: None if each.keyframe_ms is None else each.keyframe_ms / 1000,
    ),
    "packet_loss_ratio": (
        "Packets of a WebRTC publisher that did not come, of the last second or so.",
        lambda each: None if each.connection is None else each.connection.loss_percent / 100,
    ),
    "shed_steps": ("Things given up now because the machine does not keep up.", lambda each: len(each.shed)),
    "dvr_trouble": ("1 while viewers cannot go back as far as they should.", lambda each: each.dvr is not None),
}
COUNTERS: dict[str, tuple[str, Callable[[Health], int]]] = {
    "frames_in": ("Pictures decoded since the broadcast began.", lambda each: each.frames_in),
    "frames_out": ("Pictures encoded since the broadcast began.", lambda each: each.frames_out),
    "frames_repeated": ("Pictures shown again because none came.", lambda each: each.frames_repeated),
    "frames_dropped": ("Pictures left out because too many came.", lambda each: each.frames_dropped),
    "frames_skipped": ("Pictures left out because the machine does not keep up.", lambda each: each.frames_skipped),
    "sheds": ("Times that something was given up because the machine did not keep up.", lambda each: each.times_shed),
    "transcoders_died": ("Transcoders that had to be replaced.", lambda each: each.transcoders_died),
    "units_dropped": ("Access units given up before the transcoder.", lambda each: each.units_dropped),
    "decoder_errors": ("Access units that could not be decoded.", lambda each: each.decoder_errors),
}


@dataclass(slots=True)
class Counts:
    """What the parts of the server count, asked for when it is wanted."""

    states: Callable[[], Iterable[ChannelState]]
    publishers: Callable[[], int] = lambda: 0
    viewers: Callable[[], int] = lambda: 0
    wrong_keys: Callable[[], int] = lambda: 0
    refused: dict[str, Callable[[], int]] = field(default_factory=dict)
    tasks: Callable[[], int] = lambda: 0


class Exposition(Collector):
    """`text` is what /metrics answers."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        states = list(self._counts.states())
        yield _info()
        yield _gauge("vitrine_publisher_connections", "RTMP connections.", self._counts.publishers())
        yield _gauge("vitrine_viewer_connections", "HTTP connections that ask for media.", self._counts.viewers())
        yield _gauge("vitrine_tasks", "Tasks of the server's event loop.", self._counts.tasks())
        yield _counter("vitrine_wrong_keys", "Stream keys that opened nothing.", self._counts.wrong_keys())
        refused = CounterMetricFamily("vitrine_refused", "Asked for and declined, by what.", labels=["what"])
        for what, count in self._counts.refused.items():
            refused.add_metric([what], count())
        yield refused
        yield from _channels(states)


def _info() -> Metric:
    family = GaugeMetricFamily("vitrine_info", "1, with the version.", labels=["version"])
    family.add_metric([__version__], 1)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _channels(states: list[ChannelState]) -> Iterator[Metric]:
    by_state = GaugeMetricFamily("vitrine_channel_state", "1 for the state it is in.", labels=["channel", "state"])
    awaited = GaugeMetricFamily("vitrine_channel_awaits_publisher", "1 while a slate is shown.", labels=["channel"])
    lost = GaugeMetricFamily("vitrine_channel_publisher_lost", "1 while it is gone without a word.", labels=["channel"])
    trouble = GaugeMetricFamily(
        "vitrine_channel_trouble", "1 for what is wrong with what the publisher sends.", labels=["channel", "kind"]
    )
    for each in states:
        for state in STATES:
            by_state.add_metric([each.channel, state], each.state == state)
        awaited.add_metric([each.channel], each.awaited_until is not None)
        lost.add_metric([each.channel], each.lost)
        for found in each.health.troubles:
            trouble.add_metric([each.channel, found.kind], 1)
    yield from (by_state, awaited, lost, trouble)
    running = [each for each in states if each.broadcast is not None]
    for name, (text, value) in GAUGES.items():
        gauge = GaugeMetricFamily(f"vitrine_channel_{name}", text, labels=["channel"])
        for each in running:
            if (now := value(each.health)) is not None:
                gauge.add_metric([each.channel], now)
        yield gauge
    for name, (text, count) in COUNTERS.items():
        counter = CounterMetricFamily(f"vitrine_channel_{name}", text, labels=["channel"])
        for each in running:
            counter.add_metric([each.channel], count(each.health))
        yield counter
