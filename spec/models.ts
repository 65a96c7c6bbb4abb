import { Model } from '../model/index.ts';
import type { Geometry, Subject } from './contract.ts';
import { rulesOf } from './subject.ts';

/** The reference models of one check, one for each geometry, and what of them was covered in all. */
export class Models {
  readonly #models = new Map<string, Model>();

  for(subject: Subject, geometry: Geometry): Model {
    const key = JSON.stringify(geometry);
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    const model = new Model(geometry, rulesOf(subject));
    this.#models.set(key, model);
    return model;
  }

  /** What was covered so far, by geometry, for {@link Model.note} of other models. */
  taken(): { readonly geometry: Geometry; readonly taken: readonly string[] }[] {
    return [...this.#models].map(([key, model]) => ({ geometry: JSON.parse(key) as Geometry, taken: model.taken() }));
  }

  /** Transitions that any of the models took, of those that all of them together can take. */
  coverage(): { covered: number; total: number; missing: readonly string[] } {
    const each = [...this.#models.values()].map((model) => model.coverage());
    const total = Math.max(0, ...each.map((coverage) => coverage.total));
    const [first, ...others] = each.map(({ missing }) => missing);
    const missing = (first ?? []).filter((name) => others.every((names) => names.includes(name)));
    return { covered: total - missing.length, total, missing };
  }
}
