// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

#ifndef SYNC_COUNTER_H
#define SYNC_COUNTER_H

#include <stdint.h>

/// In place of the C library's.
int fdatasync(int file);
int fsync(int file);

#endif
