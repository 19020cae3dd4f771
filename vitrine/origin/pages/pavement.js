/** The light that the window throws on the pavement: a tiny copy of the picture, which the style sheet blurs. */

const REDRAW_MS = 400;

export function lightPavement(video, canvas) {
  const context = canvas.getContext("2d", { alpha: false });
  setInterval(() => {
    if (!document.hidden && !video.paused && video.readyState > 1) {
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
    }
  }, REDRAW_MS);
}
