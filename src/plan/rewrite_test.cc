#include <gtest/gtest.h>

#include "plan/plan_test_support.h"
