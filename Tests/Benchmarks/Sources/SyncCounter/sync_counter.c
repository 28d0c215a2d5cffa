// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

/// A library for LD_PRELOAD: counts what a process asks the disk to make durable, into the 8-byte file that
/// KHEYA_SYNC_COUNT names.
///
/// Counting under strace would slow each system call; this costs one atomic addition. The calls are made unchanged.
#define _GNU_SOURCE
#include "sync_counter.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Atomic uint64_t unshared;
static _Atomic uint64_t *counter = &unshared;

__attribute__((constructor)) static void open_counter(void) {
    const char *path = getenv("KHEYA_SYNC_COUNT");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (page != MAP_FAILED) counter = page;
}

int fdatasync(int file) {
    atomic_fetch_add(counter, 1);
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file) {
    atomic_fetch_add(counter, 1);
    return (int)syscall(SYS_fsync, file);
}
