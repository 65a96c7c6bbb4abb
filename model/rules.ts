/** Why the model rejects a response. The ids are those under which the harness explains its invariants. */
export type RuleId = 'FP-OWN-1' | 'FP-RNG-1' | 'FP-RNG-2' | 'FP-PLC-1' | 'FP-OOM-1' | 'FP-FRE-1' | 'FP-FRE-2' | 'FP-ERR-1';
