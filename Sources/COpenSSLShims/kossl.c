#include "kossl.h"
