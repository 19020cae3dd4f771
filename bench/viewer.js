// Reads the frame number off every picture that Chromium shows: the cells of vitrine/ingest/sample/cells.py.
(() => {
  const COUNT = 48, BAND = 1 / 32;
  const canvas = document.createElement("canvas");
  canvas.width = COUNT;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false;

  const crc8 = (bytes) => bytes.reduce((crc, byte) => {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
    return crc;
  }, 0xff);

  function read(video) {
    const height = video.videoHeight * BAND;
    context.drawImage(video, 0, height * 0.4, video.videoWidth, Math.max(1, height * 0.2), 0, 0, COUNT, 1);
    const pixels = context.getImageData(0, 0, COUNT, 1).data;
    const bytes = [0, 0, 0, 0, 0, 0];
    for (let cell = 0; cell < COUNT; cell++) {
      if (pixels[4 * cell + 1] > 126) bytes[cell >> 3] |= 0x80 >> (cell & 7);
    }
    if (crc8(bytes.slice(0, 5)) !== bytes[5]) return null;
    return bytes.slice(0, 5).reduce((value, byte) => value * 256 + byte, 0);
  }

  window.shown = [];
  window.presented = []; // when each picture was to be on the screen, numbered or not
  window.taken = []; // of a camera's own picture: when the browser took it
  window.unread = 0;
  window.waits = 0;
  function watch(video) {
    video.addEventListener("waiting", () => { window.waits += 1; });
    const each = (now, frame) => {
      const number = read(video);
      window.presented.push(performance.timeOrigin + frame.expectedDisplayTime);
      if (number === null) window.unread += 1;
      else if (frame.captureTime !== undefined) window.taken.push([number, performance.timeOrigin + frame.captureTime]);
      else {
        window.shown.push([number, performance.timeOrigin + frame.expectedDisplayTime, video.videoHeight]);
        window.each_shown?.(number);
      }
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }
  const found = document.querySelector("video");
  if (found) watch(found);
  else new MutationObserver((_, observer) => {
    const video = document.querySelector("video");
    if (video) { observer.disconnect(); watch(video); }
  }).observe(document, { childList: true, subtree: true });
})();
