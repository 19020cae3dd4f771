"""All targets by name."""

from fuzz import config_records, hls, http, pipes, rtmp, shop, whip

TARGETS = {
    target.name: target for area in (rtmp, config_records, whip, pipes, hls, shop, http) for target in area.TARGETS
}
