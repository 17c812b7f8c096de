// SPDX-License-Identifier: BSD-2-Clause
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

func main() {
	calls, _ := strconv.Atoi(os.Args[1])
	start := time.Now()
	now := start
	for i := 0; i < calls; i++ {
		then := now
		now = time.Now()
		if now.Sub(then) < 0 {
			os.Exit(3)
		}
	}
	fmt.Println(now.Unix())
}
