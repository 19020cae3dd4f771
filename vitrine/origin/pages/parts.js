/** hls.js's memory of the parts that it has taken, some of which it forgets. */

const ROUNDING = 0.05; // seconds by which a part may lie elsewhere in the buffer than the playlist says

/**
 * Remind hls.js of what it has, each time that it has read a playlist: `partList` of its details, and what is `buffered`.
 *
 * It clears its buffer behind the picture once a segment. When that ends while a part that has just come waits for its
 * place in the buffer, hls.js 1.7.4 forgets the parts of the segment before it (`detectEvictedFragments` in its
 * fragment-tracker.ts). It goes on with the next ones. But at the segment's end, which is often a microsecond further
 * than the buffer's, it looks for the forgotten, finds that it has the whole segment, and takes nothing more until they
 * leave the playlist: four seconds.
 *
 * A part that is buffered, and whose segment hls.js has a later part of, is one that it has.
 */
export function remind({ partList }, buffered) {
  let later = null;
  for (const part of [...(partList ?? [])].reverse()) {
    if (part.loaded) {
      later = part;
    } else if (part.fragment.sn === later?.fragment.sn && !part.gap && holds(buffered, part)) {
      part.elementaryStreams = { ...later.elementaryStreams }; // that there are any is what it remembers a part by
    }
  }
}

function holds(buffered, { start, end }) {
  for (let range = 0; range < buffered.length; range++) {
    if (buffered.start(range) - ROUNDING <= start && end <= buffered.end(range) + ROUNDING) {
      return true;
    }
  }
  return false;
}
