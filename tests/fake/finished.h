// The proof that a stack gives after a verified handshake, for tests that have no stack.
#pragma once

#include "stack/port.h"
