/**
 * Three players behind one face, for the tests. Each gets the address of a multivariant playlist, begins to play it,
 * and gives `choose` (a rendition, by its height) and `toLive`; null where the player does not let a page do that.
 */

const MOST_ATTEMPTS = 4;
const RUNNING = 15; // frames: half a second

const PLAYERS = {
  "hls.js"(address) {
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && faults.push(data.details));
    hls.loadSource(address);
    hls.attachMedia(video);
    return {
      choose: (height) => (hls.loadLevel = hls.levels.findIndex((level) => level.height === height)),
      toLive: () => (video.currentTime = hls.liveSyncPosition),
    };
  },

  async Shaka(address) {
    const player = new shaka.Player();
    const { CRITICAL } = shaka.util.Error.Severity;
    player.addEventListener("error", ({ detail }) => detail.severity === CRITICAL && faults.push(String(detail.code)));
    await player.attach(video);
    player.configure("streaming.lowLatencyMode", true);
    await player.load(address);
    return {
      choose: (height) => {
        player.configure("abr.enabled", false);
        player.selectVariantTrack(player.getVariantTracks().find((track) => track.height === height));
      },
      toLive: () => player.goToLive(),
    };
  },

  /**
   * Version 156 changes to a larger picture at once, and where nothing newer than what it has is listed of that just
   * then, it gives up ("Segment queue never had any data"). A page opens it again, as our own does.
   */
  async Chromium(address) {
    do {
      frames.length = faults.length = 0;
      video.src = address;
      await until(() => frames.length > RUNNING);
    } while (faults.length && ++attempts < MOST_ATTEMPTS);
    return { choose: null, toLive: null };
  },
};

const video = document.querySelector("video");
const frames = []; // of each that came on screen: the number in it, its media time, the height of its rendition, when
const faults = [];
let player = null;
let attempts = 0;

video.addEventListener("error", () => faults.push(video.error.message));
video.requestVideoFrameCallback(function look(_, { mediaTime, presentationTime }) {
  video.requestVideoFrameCallback(look);
  frames.push([readNumber(video), mediaTime, video.videoHeight, presentationTime / 1000]);
});

async function play(name, address) {
  player = await PLAYERS[name](address);
}

/** Resolves when a test holds, or when the player gave up. */
async function until(test) {
  while (!test() && faults.length === 0) {
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Resolves when so many frames more have come on screen. */
function more(count) {
  const wanted = frames.length + count;
  return until(() => frames.length >= wanted);
}
