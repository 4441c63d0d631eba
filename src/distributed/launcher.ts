/** Whether a launcher of MPI started this process, by the variables that it sets. */

/** What started this process, and as which of how many. */
export interface Launched {
  /** As the user knows it: `Open MPI's mpirun`. */
  readonly by: string;
  /** Whose library goes with it; undefined where the launcher serves several. */
  readonly family: 'open-mpi' | 'mpich' | undefined;
  readonly rank: number;
  readonly size: number;
  /** Whether it says which rank it was that died. */
  readonly namesTheDead: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LAUNCHERS: readonly {
  by: string;
  family: Launched['family'];
  rank: string;
  size: string;
  silent?: boolean;
}[] = [
  {
    by: "Open MPI's mpirun",
    family: 'open-mpi',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
  },
  // A batch script has SLURM_NTASKS before any srun; only a step's own tasks have these.
  { by: 'srun', family: undefined, rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
  { by: "MPICH's mpiexec", family: 'mpich', rank: 'PMI_RANK', size: 'PMI_SIZE', silent: true },
  { by: 'palsrun', family: 'mpich', rank: 'PALS_RANKID', size: 'PALS_SIZE' },
];

/** The launcher of this process, or null where it was started alone. One rank is alone, too. */
export function findLauncher(environment: Environment = process.env): Launched | null {
  for (const { by, family, rank: rankIn, size: sizeIn, silent = false } of LAUNCHERS) {
    const rank = count(environment[rankIn]);
    const size = count(environment[sizeIn]);
    if (rank === undefined || size === undefined || rank >= size) continue;
    return size > 1 ? { by, family, rank, size, namesTheDead: !silent } : null;
  }
  return null;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
