import { defineSubject } from 'frameproof';

/**
 * Runs of frames, next fit, under one spin lock: words for the lock and the place of the next search, bytes for the frames.
 * Everything but the lock is touched plainly, by its holder alone.
 */
var LOCK = 0;
var NEXT = 1;
var WORDS = 2;

/** What a byte says of its frame: free, first of an allocation, a later one, or not there. */
var FREE = 0, FIRST = 1, REST = 2, ABSENT = 3;

/**
 * @typedef {object} Arena
 * @property {SharedArrayBuffer} control
 * @property {SharedArrayBuffer} bytes one for each frame
 * @property {number} firstFrame
 */

/**
 * @constructor
 * @param {Arena} arena
 */
function NextFit(arena) {
  this.words = new Int32Array(arena.control);
  this.map = new Uint8Array(arena.bytes);
  this.firstFrame = arena.firstFrame;
}

/**
 * Runs something with the lock held.
 * @template T
 * @param {(this: NextFit) => T} action
 * @returns {T}
 */
NextFit.prototype.locked = function (action) {
  while (Atomics.compareExchange(this.words, LOCK, 0, 1) !== 0) Atomics.pause();
  try {
    return action.call(this);
  } finally {
    Atomics.store(this.words, LOCK, 0);
  }
};

/** @param {number} count @returns {number} */
NextFit.prototype.allocate = function (count) {
  if (!(count >= 1 && count <= this.map.length)) return -2;
  return this.locked(function () {
    var length = this.map.length;
    var start = this.words[NEXT];
    candidates: for (var step = 0; step < length; step++) {
      var at = (start + step) % length;
      if (at + count > length) continue;
      for (var each = at; each < at + count; each++) {
        if (this.map[each] !== FREE) continue candidates;
      }
      this.map[at] = FIRST;
      for (each = at + 1; each < at + count; each++) this.map[each] = REST;
      this.words[NEXT] = (at + count) % length;
      return this.firstFrame + at;
    }
    return -1;
  });
};

/** @param {number} frame @param {number} count @returns {number} */
NextFit.prototype.free = function (frame, count) {
  var at = frame - this.firstFrame;
  if (!(at >= 0 && count >= 1 && at + count <= this.map.length)) return -3;
  return this.locked(function () {
    if (this.map[at] !== FIRST) return this.map[at] === ABSENT ? -6 : -4;
    var end = at + 1;
    while (end < this.map.length && this.map[end] === REST) end++;
    if (end - at !== count) return -5;
    for (var each = at; each < end; each++) this.map[each] = FREE;
    return 0;
  });
};

/** @returns {number} */
NextFit.prototype.framesFree = function () {
  var self = this;
  return this.locked(function () {
    var sum = 0;
    for (var at = 0; at < self.map.length; at++) sum += self.map[at] === FREE ? 1 : 0;
    return sum;
  });
};

export default defineSubject({
  name: 'jsdoc',
  features: { contiguous: true },
  create: function (geometry) {
    var bytes = new SharedArrayBuffer(geometry.frames);
    var map = new Uint8Array(bytes);
    geometry.reserved.forEach(function (range) {
      map.fill(ABSENT, range.start - geometry.firstFrame, range.start - geometry.firstFrame + range.count);
    });
    return { control: new SharedArrayBuffer(4 * WORDS), bytes: bytes, firstFrame: geometry.firstFrame };
  },
  /** @param {Arena} arena */
  attach: function (arena) {
    return new NextFit(arena);
  },
  /** @param {Arena} arena */
  observe: function (arena) {
    return Array.from(new Uint8Array(arena.bytes), function (byte) {
      return byte === FREE ? 'free' : byte === ABSENT ? 'reserved' : 'allocated';
    });
  },
});
