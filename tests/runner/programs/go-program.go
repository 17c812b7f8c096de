// SPDX-License-Identifier: BSD-2-Clause
// Goroutines, channels, timers, HTTP over the loopback, os/exec, signal.Notify, files, a panic.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func check(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func goroutines() {
	var wg sync.WaitGroup
	var n int64
	results := make(chan int, 10)
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			for k := 0; k < 100; k++ {
				atomic.AddInt64(&n, 1)
				runtime.Gosched()
			}
			results <- i * i
		}(i)
	}
	go func() { wg.Wait(); close(results) }()
	sum := 0
	for r := range results {
		sum += r
	}
	fmt.Println("goroutines", n, sum)
	// Only preemption ends this one's turn.
	var stop int32
	go func() {
		for atomic.LoadInt32(&stop) == 0 {
		}
	}()
	before := runtime.GOMAXPROCS(1)
	time.Sleep(20 * time.Millisecond)
	atomic.StoreInt32(&stop, 1)
	runtime.GOMAXPROCS(before)
	var garbage [][]byte
	for i := 0; i < 2000; i++ {
		garbage = append(garbage, make([]byte, 10000))
		if i%100 == 0 {
			garbage = nil
		}
	}
	runtime.GC()
	fmt.Println("collected", len(garbage) > 0)
}

func timers() {
	start := time.Now()
	ticker := time.NewTicker(5 * time.Millisecond)
	for i := 0; i < 5; i++ {
		<-ticker.C
	}
	ticker.Stop()
	fmt.Println("ticker", time.Since(start) >= 20*time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println(ctx.Err())
	case <-time.After(time.Minute):
		fmt.Println("late")
	}
}

func web() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %x", r.Method, r.URL.Path, sha256.Sum256(body))
	})
	go http.Serve(listener, nil)
	var wg sync.WaitGroup
	answers := make([]string, 10)
	for i := range answers {
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			r, err := http.Post(fmt.Sprintf("http://%s/%d", listener.Addr(), i), "text/plain",
				strings.NewReader(strings.Repeat("x", i*1000)))
			check(err)
			body, err := io.ReadAll(r.Body)
			check(err)
			r.Body.Close()
			answers[i] = string(body)
		}(i)
	}
	wg.Wait()
	for _, a := range answers {
		fmt.Println(a[:24])
	}
}

func processes() {
	out, err := exec.Command("sh", "-c", "echo out; exit 3").Output()
	fmt.Printf("%q %v\n", out, err)
	c := exec.Command("tr", "a-z", "A-Z")
	c.Stdin = strings.NewReader("by a pipe")
	out, err = c.Output()
	check(err)
	fmt.Println(string(out))
	var buffer bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	c = exec.CommandContext(ctx, "sleep", "100")
	c.Stdout = &buffer
	fmt.Println(c.Run())
	var names []string
	for i := 0; i < 5; i++ {
		out, err := exec.Command("echo", fmt.Sprint("child ", i)).Output()
		check(err)
		names = append(names, strings.TrimSpace(string(out)))
	}
	sort.Strings(names)
	text, err := json.Marshal(names)
	check(err)
	fmt.Println(string(text))
}

func signals() {
	c := make(chan os.Signal, 5)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGTERM)
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGTERM} {
		check(syscall.Kill(os.Getpid(), s))
		fmt.Println("signal", <-c)
	}
	signal.Reset()
}

func main() {
	goroutines()
	timers()
	web()
	processes()
	signals()
	check(os.WriteFile("made", []byte("by go"), 0o640))
	st, err := os.Stat("made")
	check(err)
	fmt.Println(st.Size(), st.Mode())
	_, err = os.Open("/nonesuch")
	fmt.Println(err)
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p *int
		*p = 1
	}()
	os.Exit(4)
}
