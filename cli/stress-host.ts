import { Worker } from 'node:worker_threads';
import { UsageError } from './exit-codes.ts';
import { inCheckout } from './module-host.ts';

/** A heartbeat, in milliseconds. */
export const beatMs = 100;

/** What any real thread may answer: something outside of the operations under test failed. */
export interface Failed {
  readonly kind: 'failed';
  readonly what: string;
  readonly message: string;
}

/** A real thread, seen from here: it is asked one thing after the other. Its first answer comes unasked, when it has loaded the subject. */
export class RealThread<Request, Answer extends { readonly kind: string }> {
  answered = true;
  readonly #module: string;
  readonly #worker: Worker;
  readonly #messages: (Answer | Failed)[] = [];
  #hear: (() => void) | undefined;
  #broken: Error | undefined;

  /** `module`: the subject as messages name it. */
  constructor(script: 'stress-worker' | 'hand-over-worker', data: object, module: string) {
    this.#module = module;
    this.#worker = new Worker(new URL(`./${script}${inCheckout ? '.ts' : '.js'}`, import.meta.url), { workerData: data, execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.#worker.on('message', (message: Answer | Failed) => {
      this.#messages.push(message);
      this.#hear?.();
    });
    this.#worker.on('error', (error: unknown) => {
      this.#broken = error instanceof Error ? error : new Error(String(error));
      this.#hear?.();
    });
  }

  async ask(request: Request | undefined): Promise<Answer> {
    this.answered = false;
    if (request !== undefined) this.#worker.postMessage(request);
    while (this.#messages.length === 0 && this.#broken === undefined) {
      const heard = Promise.withResolvers<undefined>();
      this.#hear = () => {
        heard.resolve(undefined);
      };
      await heard.promise;
    }
    if (this.#broken !== undefined) throw this.#broken;
    const message = this.#messages.shift() as Answer | Failed;
    if (isFailed(message)) throw new UsageError(`${this.#module}: on real threads, ${message.what} failed: ${message.message}`);
    this.answered = true;
    return message;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

const isFailed = (message: { readonly kind: string }): message is Failed => message.kind === 'failed';

export interface Heartbeats {
  /** A number that stands still when nothing happens. */
  readonly moved: () => number;
  /** Heartbeats during which nothing happens, after which the threads are said to hang. */
  readonly patience: number;
  readonly stop: () => boolean;
  readonly beat?: () => void;
}

/** What some threads answer to a request (none: what they say unasked), unless nothing happens any more or the run is to stop. */
export async function askAll<Request, Answer extends { readonly kind: string }>(
  threads: readonly RealThread<Request, Answer>[], request: Request | undefined, { moved, patience, stop, beat }: Heartbeats,
): Promise<readonly Answer[] | 'hangs' | 'stopped'> {
  const answers = Promise.all(threads.map((thread) => thread.ask(request)));
  let still = 0;
  for (let last = moved(); ; ) {
    const beaten = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      beaten.resolve(undefined);
    }, beatMs);
    const answered = await Promise.race([answers, beaten.promise]);
    clearTimeout(timer);
    if (stop()) return 'stopped';
    if (answered !== undefined) return answered;
    beat?.();
    const now = moved();
    still = now === last ? still + 1 : 0;
    last = now;
    if (still > patience) return 'hangs';
  }
}
