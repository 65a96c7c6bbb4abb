// A test runner for Stryker that keeps the explorer loaded and warm: for each mutant only the allocator is loaded anew, with that mutant
// in it. A runner that starts a test process for each takes several times as long.
import { pathToFileURL } from 'node:url';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { DryRunStatus, MutantRunStatus, TestStatus } from '@stryker-mutator/api/test-runner';

class ExplorerRunner {
  #checks = [];
  #load;

  /** Sources are read again for each mutant, so that what runs when a module is loaded is tested as well. */
  capabilities() {
    return { reloadEnvironment: true };
  }

  /** In the sandbox, which is the current folder. */
  async init() {
    const { loadMutant, mutationChecks } = await import(pathToFileURL('test/mutation/checks.ts').href);
    this.#load = loadMutant;
    this.#checks = mutationChecks.map((check) => ({ ...check, id: `${check.subject}, ${check.name}` }));
  }

  /** Runs the allocator with Stryker's switches in it, which count what each check reaches. */
  async dryRun() {
    const counted = (globalThis.__stryker__ ??= {});
    const tests = [];
    for (const { id, subject, run } of this.#checks) {
      counted.currentTestId = undefined;
      const loaded = await this.#load(subject, undefined);
      counted.currentTestId = id;
      const started = performance.now();
      const failureMessage = run(loaded);
      const result = failureMessage === undefined ? { status: TestStatus.Success } : { status: TestStatus.Failed, failureMessage };
      tests.push({ id, name: id, timeSpentMs: performance.now() - started, ...result });
    }
    counted.currentTestId = undefined;
    return { status: DryRunStatus.Complete, tests, mutantCoverage: counted.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter }) {
    const loaded = new Map();
    const checks = testFilter === undefined ? this.#checks : this.#checks.filter(({ id }) => testFilter.includes(id));
    for (const [at, { id, subject, run }] of checks.entries()) {
      const failureMessage = await this.#failure(loaded, subject, activeMutant.id, run);
      if (failureMessage !== undefined) return { status: MutantRunStatus.Killed, killedBy: [id], failureMessage, nrOfTests: at + 1 };
    }
    return { status: MutantRunStatus.Survived, nrOfTests: checks.length };
  }

  /** Whatever is thrown is a failure too: the allocator itself throws nothing. */
  async #failure(loaded, subject, mutant, run) {
    try {
      if (!loaded.has(subject)) loaded.set(subject, await this.#load(subject, mutant));
      return run(loaded.get(subject));
    } catch (error) {
      return String(error);
    }
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'explorer', ExplorerRunner)];
