import { expect, it } from 'vitest';
import { findLauncher } from './launcher.js';

it('finds the launcher by its variables', () => {
  const open = { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '4', PMIX_RANK: '1' };
  expect(findLauncher(open)).toMatchObject({ family: 'open-mpi', rank: 1, size: 4 });
  const mpich = { PMI_RANK: '0', PMI_SIZE: '2', MPI_LOCALNRANKS: '2' };
  expect(findLauncher(mpich)).toMatchObject({ family: 'mpich', rank: 0, size: 2 });
  const srun = { SLURM_PROCID: '3', SLURM_STEP_NUM_TASKS: '8', SLURM_NTASKS: '8' };
  expect(findLauncher(srun)).toMatchObject({ by: 'srun', family: undefined, rank: 3, size: 8 });
});

it('finds none in a batch script, alone, or where the variables make no sense', () => {
  expect(findLauncher({})).toBeNull();
  expect(findLauncher({ SLURM_PROCID: '0', SLURM_NTASKS: '8' })).toBeNull();
  expect(findLauncher({ OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' })).toBeNull();
  expect(findLauncher({ PMI_RANK: '2', PMI_SIZE: '2' })).toBeNull();
  expect(findLauncher({ PMI_RANK: 'x', PMI_SIZE: '2' })).toBeNull();
});
