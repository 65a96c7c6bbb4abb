export { ownRead, ownWrite, pause, peek, poke, pokeTag } from './access.ts';
export { attachHybrid, errors, Hybrid } from './hybrid.ts';
export { createHybrid, type HybridOptions, type HybridShared } from './layout.ts';
