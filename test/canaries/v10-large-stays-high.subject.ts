import { defineSubject } from 'frameproof';
import { createFrameWords, observeFrameWords } from './frames.ts';
import { RoutedHalves } from './routed-halves.ts';

/** V10: a large request never uses the frames of the bitmap. */
export default defineSubject({
  name: 'v10-large-stays-high',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new RoutedHalves(shared, { largeStaysHigh: true }),
  observe: observeFrameWords,
});
