import { defineConfig } from 'frameproof';

export default defineConfig({ subjects: ['builtin:hybrid', 'builtin:hybrid-narrow'] });
