import * as nodeModule from 'node:module';

/** Node 22.8 and 22.10; Node 20 has neither and compiles everything at every start. */
interface CompileCache {
  readonly enableCompileCache?: () => void;
  readonly flushCompileCache?: () => void;
}

const STARTED_MS = 10_000;

/**
 * Keeps what this thread compiles on disk, where Node does (the folder for temporary files, or `NODE_COMPILE_CACHE`), so that the next
 * start finds it. To be called before the modules it is for are imported. A folder that cannot be written is no error.
 */
export function keepCompiledCode(): void {
  const { enableCompileCache, flushCompileCache } = nodeModule as CompileCache;
  enableCompileCache?.();
  if (flushCompileCache === undefined) return;
  // A process that is killed writes nothing at its end, and it is the one that has to be there again soon.
  setTimeout(flushCompileCache, STARTED_MS).unref();
}
