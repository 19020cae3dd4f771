"""What Prometheus is told; and that the dashboard and the alerts ask for nothing else."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from vitrine.origin.status import ChannelState, Health, Trouble
from vitrine.server.metrics import Counts, Exposition

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = re.compile(r"\bvitrine_[a-z_]+")

LIVE = ChannelState(
    channel="show",
    title="Show",
    state="live",
    broadcast="b1",
    playlist="/hls/show/index.m3u8",
    lost=True,
    health=Health(
        ingest_kbps=4500,
        frames_in=300,
        units_dropped=7,
        encode_lag_ms=250,
        keyframe_ms=2000,
        shed=("every rung encoded faster",),
        times_shed=3,
        transcoders_died=2,
        troubles=(Trouble("mute", "The sound has been silent for 20 s."),),
    ),
)
IDLE = ChannelState(channel="other", title="Other", state="idle", playlist="/hls/other/index.m3u8")


def samples() -> dict[tuple[str, str, str], float]:
    counts = Counts(lambda: (LIVE, IDLE), lambda: 3, lambda: 40, lambda: 2, {"key": lambda: 9}, lambda: 12)
    text = Exposition(counts).text().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            other = labels.get("state") or labels.get("kind") or labels.get("what") or labels.get("version") or ""
            found[sample.name, labels.get("channel", ""), other] = sample.value
    return found


def test_a_channel_in_numbers() -> None:
    found = samples()
    assert found["vitrine_channel_state", "show", "live"] == 1
    assert found["vitrine_channel_state", "show", "idle"] == 0
    assert found["vitrine_channel_state", "other", "idle"] == 1
    assert found["vitrine_channel_ingest_kilobits", "show", ""] == 4500
    assert found["vitrine_channel_encode_lag_seconds", "show", ""] == 0.25
    assert found["vitrine_channel_keyframe_interval_seconds", "show", ""] == 2
    assert found["vitrine_channel_units_dropped_total", "show", ""] == 7
    assert found["vitrine_channel_shed_steps", "show", ""] == 1
    assert found["vitrine_channel_sheds_total", "show", ""] == 3
    assert found["vitrine_channel_transcoders_died_total", "show", ""] == 2
    assert found["vitrine_channel_trouble", "show", "mute"] == 1
    assert found["vitrine_channel_publisher_lost", "show", ""] == 1
    assert found["vitrine_channel_publisher_lost", "other", ""] == 0
    assert ("vitrine_channel_frames_in_total", "other", "") not in found
    assert ("vitrine_channel_packet_loss_ratio", "show", "") not in found


def test_the_server_in_numbers() -> None:
    found = samples()
    assert found["vitrine_publisher_connections", "", ""] == 3
    assert found["vitrine_viewer_connections", "", ""] == 40
    assert found["vitrine_wrong_keys_total", "", ""] == 2
    assert found["vitrine_refused_total", "", "key"] == 9
    assert found["vitrine_tasks", "", ""] == 12
    assert found["process_open_fds", "", ""] > 0


def test_dashboard_and_alerts_ask_for_what_there_is() -> None:
    known = {name for name, _, _ in samples()} | {"vitrine_channel_packet_loss_ratio"}
    dashboard = json.loads((DEPLOY / "grafana" / "vitrine.json").read_text())
    asked = NAME.findall(json.dumps([target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]))
    alerts = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    asked += NAME.findall("\n".join(line for line in alerts.splitlines() if "expr:" in line))
    assert len(asked) >= 12
    assert set(asked) <= known
