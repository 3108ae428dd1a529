/** Loads something the first time it is asked for, however often that is meanwhile; what failed is tried again the next time. */
export function once<T, Args extends unknown[]>(load: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
  let loading: Promise<T> | null = null;
  return (...args) => loading ??= load(...args).catch((error: unknown) => {
    loading = null;
    throw error;
  });
}
