/** Loads something on the first call and shares it with later calls. A failed load is retried by the next call. */
export function once<T, Args extends unknown[]>(load: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  let loading: Promise<T> | null = null;
  return (...args) => loading ??= load(...args).catch((error: unknown) => {
    loading = null;
    throw error;
  });
}
