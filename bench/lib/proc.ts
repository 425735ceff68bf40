import { readdirSync, readFileSync } from 'node:fs';

// USER_HZ is 100 wherever Linux runs today.
const TICKS_PER_SECOND = 100;

function stat(pid: number | string): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function seconds(fields: readonly string[], from: number, to: number): number {
  return fields.slice(from, to).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

/** CPU-seconds that a process has used; 0 when it is gone. */
export function cpuOf(pid: number): number {
  const fields = stat(pid);
  return fields === null ? 0 : seconds(fields, 11, 13);
}

/** CPU-seconds of a process, of its children that live, and of those it has waited for (Postgres: its backends). */
export function cpuOfTree(pid: number): number {
  const own = stat(pid);
  let sum = own === null ? 0 : seconds(own, 11, 15);
  for (const child of readdirSync('/proc')) {
    if (!/^\d+$/.test(child)) continue;
    const fields = stat(child);
    if (fields !== null && Number(fields[1]) === pid) sum += seconds(fields, 11, 13);
  }
  return sum;
}

/** CPU-seconds of the whole machine, idle time left out. */
export function cpuOfMachine(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** The most memory that a process ever had resident, MB. */
export function peakMemory(pid: number): number {
  try {
    const found = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(found?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
