// Copyright 2026 The Kheya authors.
// SPDX-License-Identifier: Apache-2.0

#include <qrencode.h>
