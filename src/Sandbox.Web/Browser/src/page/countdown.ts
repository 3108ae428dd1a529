/** The remaining time of a lease, for people: "1 h 04 min", "12 min", "4:09" in the last five minutes. */
export function timeLeft(endsAt: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((endsAt - now) / 1000));
  if (seconds < 300) {
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Whether a lease is in its last five minutes. */
export function endsSoon(endsAt: number, now: number): boolean {
  return endsAt - now < 300_000;
}
