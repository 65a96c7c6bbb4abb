import { defineSubject } from 'frameproof';
import { createFrameWords, observeFrameWords } from './frames.ts';
import { RoutedHalves } from './routed-halves.ts';

/** H4: a free goes to the half that its count stands for, not to the one that its frame lies in. */
export default defineSubject({
  name: 'h4-routed-by-count',
  features: { contiguous: true },
  limits: { framesMax: 12, workersMax: 1 },
  create: createFrameWords,
  attach: (shared) => new RoutedHalves(shared, { routedByCount: true }),
  observe: observeFrameWords,
});
