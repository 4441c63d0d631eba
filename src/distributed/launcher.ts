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
  /** Whether all ranks are on this machine, as far as it says. */
  readonly isOneMachine: boolean;
  /** By which this rank's number was found. */
  readonly rankVariable: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LAUNCHERS: readonly {
  by: string;
  family: Launched['family'];
  rank: string;
  size: string;
  /** Of launchers that do not say which rank died: ranks on this machine. */
  local?: string;
}[] = [
  {
    by: "Open MPI's mpirun",
    family: 'open-mpi',
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
  },
  // A batch script has SLURM_NTASKS before any srun; only a step's own tasks have these.
  { by: 'srun', family: undefined, rank: 'SLURM_PROCID', size: 'SLURM_STEP_NUM_TASKS' },
  {
    by: "MPICH's mpiexec",
    family: 'mpich',
    rank: 'PMI_RANK',
    size: 'PMI_SIZE',
    local: 'MPI_LOCALNRANKS',
  },
  { by: 'palsrun', family: 'mpich', rank: 'PALS_RANKID', size: 'PALS_SIZE' },
];

/** The launcher of this process, or null where it was started alone. One rank is alone, too. */
export function findLauncher(environment: Environment = process.env): Launched | null {
  for (const { by, family, rank: rankIn, size: sizeIn, local } of LAUNCHERS) {
    const rank = count(environment[rankIn]);
    const size = count(environment[sizeIn]);
    if (rank === undefined || size === undefined || rank >= size) continue;
    if (size === 1) return null;
    const isOneMachine = local !== undefined && count(environment[local]) === size;
    const namesTheDead = local === undefined;
    return { by, family, rank, size, namesTheDead, isOneMachine, rankVariable: rankIn };
  }
  return null;
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
